import { CognitoHostedUiError } from './cognito-hosted-ui.errors.js';

/** Parameters of a sign-in that Cognito knows beside those that belong to the protocol. */
export interface HostedUiParameters {
  /** The name of an identity provider of the user pool, such as `Google`: its page comes first. */
  readonly identity_provider?: string | undefined;
  /** An identifier of an identity provider, such as the domain of a company. */
  readonly idp_identifier?: string | undefined;
  /** The user name that the sign-in page is filled in with. */
  readonly login_hint?: string | undefined;
  /** The language of the pages, such as `de` or `pt-BR`. */
  readonly lang?: string | undefined;
  /** `none`, `login`, `select_account`, `consent`, or several of them with spaces between. */
  readonly prompt?: string | undefined;
  /** Seconds after which a sign-in at Cognito counts no more, and the user is asked again. */
  readonly max_age?: string | number | undefined;
  /** Authentication context classes, with spaces between. */
  readonly acr_values?: string | undefined;
}

/** The name of one of these parameters. */
export type HostedUiParameter = keyof HostedUiParameters;

/** The values of parameters, fit for an address of Cognito. */
export type CheckedParameters = Partial<Record<HostedUiParameter, string>>;

const PRINTABLE = /^[^\p{C}]+$/u;

// Lengths are those of Cognito's API where it has one, and generous where it has none.
const RULES: Readonly<Record<HostedUiParameter, (value: string) => boolean>> = {
  identity_provider: (value) => value.length <= 64 && PRINTABLE.test(value),
  idp_identifier: (value) => /^[\w\s+=.@-]{1,40}$/.test(value) && PRINTABLE.test(value),
  login_hint: (value) => value.length <= 256 && PRINTABLE.test(value),
  lang: (value) => /^[a-z]{2,3}(-[a-z\d]{2,8}){0,2}$/i.test(value),
  prompt: isPrompt,
  max_age: (value) => /^\d{1,9}$/.test(value),
  // RFC 6749 appendix A: visible ASCII and spaces.
  acr_values: (value) => /^[!-~]+( [!-~]+)*$/.test(value) && value.length <= 256,
};

export const PARAMETERS = Object.keys(RULES) as readonly HostedUiParameter[];

// OpenID Connect Core §3.1.2.1.
const PROMPTS = new Set(['none', 'login', 'select_account', 'consent']);

function isPrompt(value: string): boolean {
  const prompts = value.split(' ');
  const areKnown = prompts.every((prompt) => PROMPTS.has(prompt));
  return areKnown && (prompts.length === 1 || !prompts.includes('none'));
}

/**
 * The allowed parameters in a query. Others are ignored: a link may carry more, for whoever counts
 * visits. RFC 6749 §3.1: an empty one counts as missing, and none may come twice.
 *
 * @throws CognitoHostedUiError `invalid_parameter`
 */
export function parametersIn(
  query: URLSearchParams,
  allowed: readonly HostedUiParameter[],
): CheckedParameters {
  const twice = allowed.find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) throw invalidParameter(twice);
  return checkedParameters(
    Object.fromEntries(allowed.map((name) => [name, query.get(name) || undefined])),
  );
}

/** @throws CognitoHostedUiError `invalid_parameter` for a value that this parameter cannot have */
export function checkedParameters(given: HostedUiParameters): CheckedParameters {
  const checked: CheckedParameters = {};
  for (const name of PARAMETERS) {
    const value = given[name];
    if (value === undefined) continue;
    const text = typeof value === 'number' ? String(value) : value;
    if (typeof text !== 'string' || !RULES[name](text)) throw invalidParameter(name);
    checked[name] = text;
  }
  return checked;
}

function invalidParameter(name: HostedUiParameter): CognitoHostedUiError {
  const message = `${name} has a value that this parameter cannot have, or comes twice`;
  return new CognitoHostedUiError('invalid_parameter', message);
}
