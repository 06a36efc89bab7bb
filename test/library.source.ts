import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CognitoAuthErrorCode } from 'nestjs-cognito-auth';
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

// Where the members of each interface are written in the options.
const OPTION_PATHS = new Map([
  ['UserPoolOptions', ''],
  ['CognitoAuthOptions', ''],
  ['CognitoAuthExtras', ''],
  ['TokenCacheOptions', 'tokenCache.'],
  ['KeyOptions', 'keys.'],
  ['UnsafeOptions', 'unsafe.'],
]);

/** Every option of the module, but for those that only hold others. */
export function documentedOptions(): DocumentedOption[] {
  const interfaces = ['cognito-auth.options.ts', 'cognito-auth.module-definition.ts'].flatMap(
    (file) => statementsOf(file).filter(ts.isInterfaceDeclaration),
  );
  return interfaces
    .flatMap(({ name, members }) => members.map((member) => optionOf(name.text, member)))
    .filter(({ name }) => name !== 'keys' && name !== 'unsafe');
}

function optionOf(owner: string, member: ts.TypeElement): DocumentedOption {
  const path = OPTION_PATHS.get(owner);
  if (path === undefined) throw new Error(`Where are the members of ${owner} written?`);
  const name = path + (member.name?.getText() ?? '');
  return { name, fallback: defaultOf(member), variable: variables().get(name) };
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

/** The codes of errors that the source mentions outside of the file that defines them. */
export function thrownCodes(): CognitoAuthErrorCode[] {
  const definitions = sourceOf('cognito-auth.errors.ts').matchAll(/^ {2}(\w+): \d{3},$/gm);
  const elsewhere = ts.sys
    .readDirectory(library, ['.ts'], ['**/*.spec.ts', 'swagger', 'cognito-auth.errors.ts'])
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  return [...definitions]
    .map(([, code]) => code as CognitoAuthErrorCode)
    .filter((code) => elsewhere.includes(`'${code}'`));
}

function statementsOf(file: string): ts.Statement[] {
  return [...ts.createSourceFile(file, sourceOf(file), ts.ScriptTarget.Latest, true).statements];
}

function sourceOf(file: string): string {
  return readFileSync(library + file, 'utf8');
}
