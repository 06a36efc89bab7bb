import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { watchResponses } from './ended-responses.js';
import { GRAPHQL_OPTIONS, isObject } from './graphql-context.js';
import type { GraphqlContext } from './graphql-context.js';

/** Members of the HTTP request that Apollo Server made out of that of the platform. */
interface ApolloHttpRequest {
  readonly headers: ReadonlyMap<string, string>;
  readonly search: string;
  readonly body?: unknown;
}

/** Members of the operation that Apollo Server hands to its plugins. */
interface ApolloOperation {
  /** Without `http` when the application executes the operation. */
  readonly request: { readonly http?: ApolloHttpRequest };
  readonly contextValue: object;
}

interface RequestOfServer {
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  /** Set by Fastify. */
  readonly raw?: { readonly rawHeaders?: readonly string[] };
  readonly url?: string;
  readonly body?: unknown;
}

/** Metadata of `@Plugin()`, by which @nestjs/apollo finds the plugins of Apollo Server. */
const APOLLO_PLUGIN = 'graphql:plugin';

const observed = new WeakSet<object>();
const senders = new WeakMap<object, boolean>();

/**
 * Plugin of Apollo Server that compares each operation with the request in its context: only the
 * server knows which request an operation came with.
 */
@Injectable()
export class GraphqlOperations implements OnModuleInit {
  constructor(@Inject(ModulesContainer) private readonly modules: ModulesContainer) {}

  onModuleInit(): void {
    const hasGraphql = [...this.modules.values()].some(({ providers }) =>
      providers.has(GRAPHQL_OPTIONS),
    );
    if (hasGraphql) watchResponses();
  }

  serverWillStart({ schema }: { readonly schema: object }): Promise<void> {
    observed.add(schema);
    return Promise.resolve();
  }

  requestDidStart({ request: { http }, contextValue }: ApolloOperation): Promise<void> {
    const { req } = contextValue as GraphqlContext;
    if (http && isObject(req)) senders.set(contextValue, isSentWith(http, req));
    return Promise.resolve();
  }
}

Reflect.defineMetadata(APOLLO_PLUGIN, {}, GraphqlOperations);

/** Whether every operation that a server starts on this schema passes `GraphqlOperations`. */
export function isObserved(schema: unknown): boolean {
  return isObject(schema) && observed.has(schema);
}

/**
 * Whether the operation of this context came with the request in it; `undefined` when no HTTP
 * request brought the operation, or no plugin saw it.
 */
export function isOfItsSender(context: object): boolean | undefined {
  return senders.get(context);
}

function isSentWith(http: ApolloHttpRequest, request: RequestOfServer): boolean {
  // A request of its own making proves as much as the application that made it.
  if (!('socket' in request)) return true;
  // The parsed body is an object of this one request; in a batch each operation is a part of it.
  const { body } = request;
  if (isObject(http.body)) {
    return http.body === body || (Array.isArray(body) && body.includes(http.body));
  }
  return searchOf(request.url) === searchOf(http.search) && hasHeaders(request, http.headers);
}

// The application may have added headers of its own, and have changed others before or after Apollo
// read them.
function hasHeaders(request: RequestOfServer, sent: ApolloHttpRequest['headers']): boolean {
  const { headers = {}, raw, rawHeaders = raw?.rawHeaders } = request;
  const received = rawHeaders && valuesByName(rawHeaders);
  const isSame = (name: string) => {
    const value = sent.get(name);
    return value === [headers[name]].flat().join(', ') || value === received?.get(name)?.join(', ');
  };
  // Apollo leaves out empty headers with Fastify.
  const names = Object.keys(headers).filter(
    (name) => headers[name] && (received?.has(name) ?? true),
  );
  return names.every(isSame) && [...sent.keys()].every(isSame);
}

/** @param rawHeaders names and values in turn, as Node received them */
function valuesByName(rawHeaders: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase();
    values.set(name, [...(values.get(name) ?? []), String(rawHeaders[index + 1])]);
  }
  return values;
}

function searchOf(url = ''): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : new URL(url.slice(start), 'http://localhost').search;
}
