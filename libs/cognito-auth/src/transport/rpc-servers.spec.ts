import { describe, expect, it } from 'vitest';
import { originOf, watch } from './rpc-servers.js';

/** The prototypes of a version of Nest. */
function prototypes() {
  return {
    server: { addHandler: (_pattern: unknown, callback: unknown) => callback },
    exceptions: { handle: (exception: unknown) => exception },
  };
}

describe('The servers of Nest', () => {
  it('are watched once', () => {
    const { server, exceptions } = prototypes();
    watch({ server, exceptions });
    const { addHandler } = server;
    watch({ server, exceptions });
    expect(server.addHandler).toBe(addHandler);
  });

  it('keep handlers as they are, with what Nest puts on them', () => {
    const { server, exceptions } = prototypes();
    watch({ server, exceptions });
    const handler = Object.assign((...args: unknown[]) => args, { isEventHandler: true });
    const watched = server.addHandler('orders', handler) as typeof handler;
    const context = {};
    expect(watched('payload', context)).toEqual(['payload', context]);
    expect(watched.isEventHandler).toBe(true);
    expect(originOf(context)).toEqual({ server, handlers: 1 });
    expect(watched('payload', undefined)).toEqual(['payload', undefined]);
    expect(server.addHandler('orders', undefined)).toBeUndefined();
  });

  it('pass errors on that are none of ours', () => {
    const { server, exceptions } = prototypes();
    watch({ server, exceptions });
    const error = new Error('of the application');
    expect(exceptions.handle(error)).toBe(error);
    expect(exceptions.handle('text')).toBe('text');
  });

  it('are not watched when they are not known', () => {
    expect(() => watch({ ...prototypes(), server: {} })).toThrow(TypeError);
    expect(() => watch({ ...prototypes(), exceptions: {} })).toThrow(TypeError);
  });
});
