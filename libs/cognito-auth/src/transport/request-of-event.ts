const requests = new WeakMap<object, object>();
const events = new WeakMap<object, Record<string, unknown>>();

/**
 * The request of a subscription in one of its events: all its members, and none of its records. A
 * stream may outlive the token that started it.
 */
export const RequestOfEvent = {
  of(event: object, request: object): Record<string, unknown> {
    let ofEvent = events.get(event);
    if (!ofEvent) {
      ofEvent = Object.create(request) as Record<string, unknown>;
      events.set(event, ofEvent);
      requests.set(ofEvent, request);
    }
    return ofEvent;
  },

  /** The request itself, if this one is of an event. */
  origin(request: object): object | undefined {
    return requests.get(request);
  },
};
