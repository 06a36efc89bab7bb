import type { AuthorizationRequest } from './authorization-request.js';
import type { BrowserSession } from './browser-sessions.js';
import { ExpiringStore } from './expiring-store.js';

/** What an authorization code stands for: who may have what. */
export interface GrantedAuthorization {
  readonly request: AuthorizationRequest;
  readonly session: BrowserSession;
}

const FIVE_MINUTES = 300;

/** The authorization codes of a local user pool: good for five minutes and for one attempt. */
export class AuthorizationCodes {
  private readonly granted = new ExpiringStore<GrantedAuthorization>(FIVE_MINUTES);

  issue(authorization: GrantedAuthorization): string {
    return this.granted.add(authorization);
  }

  redeem(code: string): GrantedAuthorization | undefined {
    return this.granted.take(code);
  }
}
