import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
import type { CognitoHostedUiErrorCode } from 'nestjs-cognito-auth/hosted-ui';
import ts from 'typescript';

const library = fileURLToPath(new URL('../libs/cognito-auth/src/', import.meta.url));

/** An option as the source documents it. */
export interface DocumentedOption {
  /** With what it is in: `keys.maxAge`. */
  readonly name: string;
  /** The text behind "Default:". */
  readonly fallback?: string;
  /** The environment variable that is read when it is not given. */
  readonly variable?: string;
}

/** Files that document the options of a module, and where the members of each interface go. */
interface OptionSources {
  readonly files: readonly string[];
  readonly paths: ReadonlyMap<string, string>;
}

const AUTH: OptionSources = {
  files: ['cognito-auth.options.ts', 'cognito-auth.module-definition.ts'],
  paths: new Map([
    ['UserPoolOptions', ''],
    ['CognitoAuthOptions', ''],
    ['CognitoAuthExtras', ''],
    ['TokenCacheOptions', 'tokenCache.'],
    ['KeyOptions', 'keys.'],
    ['UnsafeOptions', 'unsafe.'],
  ]),
};

const HOSTED_UI: OptionSources = {
  files: [
    'hosted-ui/cognito-hosted-ui.options.ts',
    'hosted-ui/cognito-hosted-ui.module-definition.ts',
  ],
  paths: new Map([
    ['CognitoHostedUiOptions', ''],
    ['CognitoHostedUiExtras', ''],
    ['HostedUiCookieOptions', 'cookies.'],
  ]),
};

// What a hook is called with is no option, nor is a value that an option may have.
const NO_OPTIONS = new Set(['HostedUiLogin', 'AppClientOptions']);

/** Every option of `CognitoAuthModule`, but for those that only hold others. */
export function documentedOptions(): DocumentedOption[] {
  const named = variables();
  return optionsIn(AUTH)
    .filter(({ name }) => name !== 'keys' && name !== 'unsafe')
    .map(({ name, fallback }) => ({ name, fallback, variable: named.get(name) }));
}

/** Every option of `CognitoHostedUiModule`, but for the one that only holds others. */
export function documentedHostedUiOptions(): DocumentedOption[] {
  return optionsIn(HOSTED_UI).filter(({ name }) => name !== 'cookies');
}

function optionsIn({ files, paths }: OptionSources): DocumentedOption[] {
  return files
    .flatMap((file) => statementsOf(file).filter(ts.isInterfaceDeclaration))
    .filter(({ name }) => !NO_OPTIONS.has(name.text))
    .flatMap(({ name, members }) => members.map((member) => optionOf(name.text, member, paths)));
}

function optionOf(
  owner: string,
  member: ts.TypeElement,
  paths: OptionSources['paths'],
): DocumentedOption {
  const path = paths.get(owner);
  if (path === undefined) throw new Error(`Where are the members of ${owner} written?`);
  const name = path + (member.name?.getText() ?? '');
  return { name, fallback: defaultOf(member) };
}

function defaultOf(member: ts.TypeElement): string | undefined {
  const documentation = ts
    .getJSDocCommentsAndTags(member)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment))
    .join(' ')
    .replace(/\s+/g, ' ');
  return /Default: (.*)\.$/.exec(documentation)?.[1];
}

function variables(): Map<string, string> {
  const source = sourceOf('cognito-auth.resolved-options.ts');
  const lines = source.matchAll(/^ {2}(\w+): '(COGNITO_\w+)',$/gm);
  return new Map([...lines].map(([, option = '', variable = '']) => [option, variable]));
}

/** The names of the decorators that the package exports. */
export function exportedDecorators(): string[] {
  const names: string[] = [];
  for (const statement of statementsOf('index.ts')) {
    if (!ts.isExportDeclaration(statement)) continue;
    const { moduleSpecifier, exportClause } = statement;
    if (!moduleSpecifier?.getText().includes('.decorator')) continue;
    if (!exportClause || !ts.isNamedExports(exportClause)) continue;
    names.push(...exportClause.elements.map(({ name }) => name.text));
  }
  return names;
}

/** The codes of `CognitoHostedUiError`. */
export function hostedUiCodes(): CognitoHostedUiErrorCode[] {
  return codesIn('hosted-ui/cognito-hosted-ui.errors.ts') as CognitoHostedUiErrorCode[];
}

/** The codes of errors that the source mentions outside of the file that defines them. */
export function thrownCodes(): CognitoAuthErrorCode[] {
  const elsewhere = ts.sys
    .readDirectory(library, ['.ts'], ['**/*.spec.ts', 'swagger', 'cognito-auth.errors.ts'])
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  return (codesIn('cognito-auth.errors.ts') as CognitoAuthErrorCode[]).filter((code) =>
    elsewhere.includes(`'${code}'`),
  );
}

function codesIn(file: string): string[] {
  return [...sourceOf(file).matchAll(/^ {2}(\w+): \d{3},$/gm)].map(([, code = '']) => code);
}

function statementsOf(file: string): ts.Statement[] {
  return [...ts.createSourceFile(file, sourceOf(file), ts.ScriptTarget.Latest, true).statements];
}

function sourceOf(file: string): string {
  return readFileSync(library + file, 'utf8');
}
