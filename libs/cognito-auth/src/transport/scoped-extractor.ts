import type { TokenExtractor } from './token-extractors.js';

/** What an extractor may need to know besides the request. */
export interface ExtractionScope {
  /** The sign-in pages of the application: those of its `CognitoHostedUiModule`s. */
  readonly signInPages: readonly object[];
  /** The user pools whose tokens are accepted where the request goes; every one when absent. */
  readonly userPools?: readonly string[] | undefined;
}

/** An extractor that depends on more than the request. */
export interface ScopedExtractor extends TokenExtractor {
  readonly [SCOPED]: {
    find(request: unknown, scope: ExtractionScope): ReturnType<TokenExtractor>;
    /** Why it can never find a token in an application with these sign-in pages. */
    problemAmong(signInPages: readonly object[]): string | undefined;
  };
}

// Of all copies of the library in a process.
const SCOPED = Symbol.for('cognito-auth:scoped');

/** Lets an extractor know the application and the route wherever this library calls it. */
export function scopedExtractor(
  extract: TokenExtractor,
  scoped: ScopedExtractor[typeof SCOPED],
): TokenExtractor {
  return Object.assign(extract, { [SCOPED]: scoped });
}

/** What one extractor finds. */
export function askExtractor(
  extractor: TokenExtractor & Partial<ScopedExtractor>,
  request: unknown,
  scope: ExtractionScope | undefined,
): ReturnType<TokenExtractor> {
  const scoped = scope && extractor[SCOPED];
  return scoped ? scoped.find(request, scope) : extractor(request);
}

/** Those that depend on more than the request. */
export function scopedAmong(
  extractors: readonly (TokenExtractor & Partial<ScopedExtractor>)[],
): ScopedExtractor[] {
  return extractors.filter((extractor) => extractor[SCOPED] !== undefined) as ScopedExtractor[];
}

/** A function that makes extractors. */
interface ExtractorFactory {
  readonly name: string;
  [FACTORY]?: true;
}

const FACTORY = Symbol.for('cognito-auth:extractor-factory');

/** Lets the boot tell functions that make extractors from extractors: both are only functions. */
export function markExtractorFactories(...factories: ExtractorFactory[]): void {
  for (const factory of factories) factory[FACTORY] = true;
}

function uncalledAmong(extractors: readonly ExtractorFactory[]): string[] {
  return extractors
    .filter((extractor) => extractor[FACTORY])
    .map(
      ({ name }) => `"tokenFrom" has ${name} itself, which is no extractor; call it: ${name}().`,
    );
}

/** Why some of these can never find a token in an application with these sign-in pages. */
export function problemsOfExtractors(
  extractors: readonly TokenExtractor[],
  signInPages: readonly object[],
): string[] {
  const problems = scopedAmong(extractors).map((extractor) =>
    extractor[SCOPED].problemAmong(signInPages),
  );
  return [...uncalledAmong(extractors), ...problems.filter((problem) => problem !== undefined)];
}
