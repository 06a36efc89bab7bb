// Nest packages that are optional peers. Each is loaded in a `try` block, from which bundlers know
// that the package may be missing; it is there when such a context is.

/** The class `WsException`, or `undefined` where `@nestjs/websockets` cannot be loaded. */
export async function loadWsException() {
  try {
    return (await import('@nestjs/websockets')).WsException;
  } catch {
    return undefined;
  }
}

/** The package `@nestjs/microservices`, or `undefined` where it cannot be loaded. */
export async function loadMicroservices() {
  try {
    return await import('@nestjs/microservices');
  } catch {
    return undefined;
  }
}
