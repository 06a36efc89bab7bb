import { describe, expect, it } from 'vitest';
import { graphqlRequestOf } from './graphql-request.js';
import { SocketMessage } from './socket-message.js';

const UNSUPPORTED = expect.objectContaining({ code: 'unsupported_context' });

/** A request of a server, which has a socket. */
class ServerRequest {
  readonly socket = {};
  readonly headers = {};
  body?: unknown;
}

const query = () => ({ operation: { operation: 'query' }, path: {} });
const subscription = () => ({ operation: { operation: 'subscription' }, path: {} });
const requestOf = (context: unknown, info: unknown = query()) =>
  graphqlRequestOf([{}, {}, context, info]);

/** What graphql-ws knows of a connection, while an operation starts. */
const connection = (members: object = {}) => ({
  connectionInitReceived: true,
  subscriptions: { first: null },
  extra: { request: { headers: { host: 'api.example' }, url: '/graphql?a=1' } },
  ...members,
});

describe('The request of a GraphQL operation', () => {
  it('is that of the context, for fields and for references', () => {
    const req = new ServerRequest();
    const context = { req };
    expect(requestOf(context)).toBe(req);
    expect(graphqlRequestOf([{}, context, query()])).toBe(req);
    expect(requestOf({ reply: { request: req } })).toBe(req);
  });

  it.each([
    ['a context without a request', {}],
    ['no context', undefined],
    ['a text in its place', 'context'],
    ['a text in place of the request', { req: 'request' }],
    ['a connection of Mercurius without its request', { _connectionInit: {} }],
  ])('is not found in %s', (_name, context) => {
    expect(() => requestOf(context)).toThrow(UNSUPPORTED);
  });

  it('is refused in a context that has served another', () => {
    const context = { reply: { request: new ServerRequest() } };
    requestOf(context);
    context.reply = { request: new ServerRequest() };
    expect(() => requestOf(context)).toThrow(UNSUPPORTED);
  });

  it('is refused beside the request of somebody else', () => {
    const context = { req: new ServerRequest(), reply: { request: new ServerRequest() } };
    expect(() => requestOf(context)).toThrow(UNSUPPORTED);
  });

  it('may have something of the application beside it', () => {
    const request = new ServerRequest();
    expect(requestOf({ req: { headers: {} }, reply: { request } })).toBe(request);
  });

  // As @nestjs/apollo 13 does it: the first request stays in the context of the application, and
  // Apollo Server makes a copy of that for each operation.
  it('is refused when it stayed in the context of later operations', () => {
    const shared = { req: new ServerRequest() };
    requestOf({ ...shared });
    expect(() => requestOf({ ...shared })).toThrow(UNSUPPORTED);
  });

  it('serves as many operations as its batch has', () => {
    const req = Object.assign(new ServerRequest(), { body: [{}, {}] });
    expect(requestOf({ req })).toBe(req);
    expect(requestOf({ req })).toBe(req);
    expect(() => requestOf({ req })).toThrow(UNSUPPORTED);
  });

  it('stands behind that of each event of a subscription', () => {
    const context = { req: Object.assign(new ServerRequest(), { user: 'alice' }) };
    const info = subscription();
    expect(requestOf(context, info)).toBe(context.req);
    const path = { prev: { key: 'news' } };
    const ofEvent = requestOf(context, { ...info, path });
    expect(ofEvent).not.toBe(context.req);
    expect(ofEvent).toMatchObject({ headers: {}, user: 'alice' });
    expect(requestOf(context, { ...info, path })).toBe(ofEvent);
    expect(requestOf(context, { ...info, path: { prev: { key: 'news' } } })).not.toBe(ofEvent);
  });

  it.each([
    ['by Express', (res: object) => ({ res })],
    ['over HTTP/2', (stream: object) => ({ raw: { stream } })],
  ])('is refused once its response was sent %s', (_name, members) => {
    const response = { writableEnded: false };
    const context = { req: Object.assign(new ServerRequest(), members(response)) };
    expect(requestOf(context)).toBe(context.req);
    response.writableEnded = true;
    expect(() => requestOf(context)).toThrow(UNSUPPORTED);
    expect(() => requestOf({ ...context })).toThrow(UNSUPPORTED);
  });

  it('serves several operations when the application made it', () => {
    const req = { headers: {} };
    expect(requestOf({ req })).toBe(req);
    expect(requestOf({ req })).toBe(req);
  });
});

describe('What stands for the request over a socket', () => {
  it('is one message for all resolvers of an operation, and another for the next', () => {
    const context = { req: connection() };
    const info = query();
    const message = requestOf(context, info);
    expect(message).toBeInstanceOf(SocketMessage);
    expect(requestOf(context, { ...info, path: { prev: {} } })).toBe(message);
    expect(requestOf(context, query())).not.toBe(message);
  });

  it('is one message for all fields of an event, and another for the next and for the start', () => {
    const context = { req: connection() };
    const info = subscription();
    const started = requestOf(context, info);
    const [first, second] = [{ key: 'news' }, { key: 'news' }];
    const ofFirst = requestOf(context, { ...info, path: { prev: first } });
    expect(ofFirst).not.toBe(started);
    expect(requestOf(context, { ...info, path: { prev: { prev: first } } })).toBe(ofFirst);
    const ofSecond = requestOf(context, { ...info, path: { prev: second } });
    expect(ofSecond).toBeInstanceOf(SocketMessage);
    expect(ofSecond).not.toBe(ofFirst);
  });

  it('has the headers and the query of the handshake, and the credentials of the parameters', () => {
    const connectionParams = { AUTHORIZATION: 'Bearer b', tenant: 'blue' };
    const message = requestOf({ req: connection({ connectionParams }) });
    expect(message).toMatchObject({
      headers: { host: 'api.example', authorization: 'Bearer b' },
      query: { a: '1' },
      handshake: { auth: connectionParams },
    });
  });

  it('is that of Mercurius and of an upgrade request alone, too', () => {
    const request = { headers: { host: 'api.example' } };
    const authorization = 'Bearer a';
    const ofMercurius = requestOf({ request, _connectionInit: { authorization } });
    expect(ofMercurius).toMatchObject({ headers: { host: 'api.example', authorization } });
    const req = { ...request, upgrade: true };
    expect(requestOf({ req })).toMatchObject({ connection: req, headers: request.headers });
  });

  it('is refused in a context that has served another connection', () => {
    const context = { req: connection() };
    const info = subscription();
    requestOf(context, info);
    context.req = connection();
    expect(() => requestOf(context, info)).toThrow(UNSUPPORTED);
  });

  it('is refused to an operation that the connection has not started', () => {
    const req = connection({ subscriptions: { first: {} } });
    expect(() => requestOf({ req })).toThrow(UNSUPPORTED);
    expect(() => requestOf({ req }, subscription())).toThrow(UNSUPPORTED);
  });

  it('serves the fields of an event whose subscription was not guarded', () => {
    const req = connection({ subscriptions: { first: {} } });
    const info = { ...subscription(), path: { prev: {} } };
    expect(requestOf({ req }, info)).toBeInstanceOf(SocketMessage);
  });
});
