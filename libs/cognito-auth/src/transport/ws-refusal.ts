/** A socket of ws, or of another package that is like it. */
interface NativeSocket {
  readonly readyState: number;
  listenerCount(event: 'exception'): number;
  on(event: 'exception', listener: (body: unknown) => void): unknown;
  send(text: string): unknown;
}

const OPEN = 1;

const bodies = new WeakSet<object>();

/**
 * Makes sure that the body of a refused message reaches its client. Up to version 11, Nest emits
 * `exception` on the socket itself: socket.io sends that, and on a socket of ws nobody hears of it.
 * Later versions send, as this does, and emit nothing.
 */
export function answerRefusal(socket: unknown, body: object): void {
  if (!isNativeSocket(socket)) return;
  bodies.add(body);
  // Where somebody listens, the application has found a way of its own.
  if (socket.listenerCount('exception') > 0) return;
  // What else is emitted is not of this library.
  socket.on('exception', (emitted) => {
    if (!bodies.has(emitted as object) || socket.readyState !== OPEN) return;
    socket.send(JSON.stringify({ event: 'exception', data: emitted }));
  });
}

function isNativeSocket(socket: unknown): socket is NativeSocket {
  const { readyState, listenerCount, on, send } = (socket ?? {}) as Partial<NativeSocket>;
  if (typeof readyState !== 'number') return false;
  return [listenerCount, on, send].every((method) => typeof method === 'function');
}
