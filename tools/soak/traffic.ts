import { randomBytes, randomInt } from 'node:crypto';
import type { LocalUserPool } from 'nestjs-cognito-auth/testing';
import type { KeyTimeline } from './key-timeline.js';
import type { SoakApi } from './soak.api.js';
import type { Outcome } from './tally.js';

/** What is sent, and what is right when the key of its token is known. */
interface Shot {
  readonly sent: string;
  readonly token?: string;
  readonly right: string;
  /** Absent when the decision does not depend on the key. */
  readonly kid?: string;
}

const REMEMBERED = 400;

/** A mix of what an API is sent: half of it valid, the rest expired, forged, misplaced or garbage. */
export class Traffic {
  private readonly remembered: Shot[] = [];

  constructor(
    private readonly pool: LocalUserPool,
    private readonly timeline: KeyTimeline,
  ) {}

  /** Sends one request. */
  async send(api: SoakApi): Promise<Outcome> {
    const shot = this.next();
    const sentAt = performance.now();
    const { status, body } = await api.get(shot.token);
    const answer = status === 200 ? `200 as ${body.username}` : `${status} ${body.code}`;
    return { sent: shot.sent, answer, right: this.rightFor(shot, sentAt) };
  }

  private rightFor({ right, kid }: Shot, sentAt: number): string[] {
    if (kid === undefined) return [right];
    const knowledge = this.timeline.knowledgeOf(kid, sentAt, performance.now());
    if (knowledge === 'known') return [right];
    return knowledge === 'unknown' ? ['401 unknown_key'] : [right, '401 unknown_key'];
  }

  private next(): Shot {
    const dice = randomInt(100);
    if (dice < 45) return this.repeated() ?? this.valid();
    if (dice < 55) return this.valid();
    const wrong = [
      () => this.expired(),
      () => this.forged(),
      () => this.tampered(),
      () => this.ofUnknownKey(),
      () => this.ofOtherIssuer(),
      () => this.ofOtherClient(),
      () => this.ofOtherUse(),
      () => this.garbage(),
      () => ({ sent: 'no token', right: '401 missing_token' }),
    ];
    return wrong[randomInt(wrong.length)]?.() ?? this.valid();
  }

  private valid(): Shot {
    const { username } = this.user();
    const shot = this.signed(
      'a valid token',
      this.pool.accessToken(username),
      `200 as ${username}`,
    );
    // The oldest make room, so that tokens of removed keys stay in the mix only for a while.
    if (this.remembered.push(shot) > REMEMBERED) this.remembered.shift();
    return shot;
  }

  private repeated(): Shot | undefined {
    if (this.remembered.length === 0) return undefined;
    const shot = this.remembered[randomInt(this.remembered.length)];
    return shot && { ...shot, sent: 'a token that was sent before' };
  }

  private expired(): Shot {
    const token = this.pool.accessToken(this.user().username, { expiresIn: -1 - randomInt(1000) });
    return this.signed('an expired token', token, '401 token_expired');
  }

  private forged(): Shot {
    return this.signed('a forged token', this.pool.forgedToken(), '401 invalid_signature');
  }

  private tampered(): Shot {
    const [header, , signature] = this.pool.accessToken(this.user().username).split('.');
    const [, payload] = this.pool.accessToken(this.user().username).split('.');
    const token = [header, payload, signature].join('.');
    return this.signed('a tampered token', token, '401 invalid_signature');
  }

  private ofUnknownKey(): Shot {
    const header = { kid: randomBytes(32).toString('base64') };
    const token = this.pool.accessToken(this.user().username, { header });
    return { sent: 'a token of an unknown key', token, right: '401 unknown_key' };
  }

  private ofOtherIssuer(): Shot {
    const claims = { iss: 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Somebody' };
    const token = this.pool.accessToken(this.user().username, { claims });
    return { sent: 'a token of another issuer', token, right: '401 wrong_issuer' };
  }

  private ofOtherClient(): Shot {
    const claims = { client_id: 'anotherclient' };
    const token = this.pool.accessToken(this.user().username, { claims });
    return this.signed('a token of another app client', token, '401 wrong_client');
  }

  private ofOtherUse(): Shot {
    const token = this.pool.idToken(this.user().username);
    return this.signed('an ID token', token, '401 wrong_token_use');
  }

  private garbage(): Shot {
    const parts = Array.from({ length: 3 }, () =>
      randomBytes(1 + randomInt(500)).toString('base64url'),
    );
    return { sent: 'garbage', token: parts.join('.'), right: '401 malformed_token' };
  }

  private signed(sent: string, token: string, right: string): Shot {
    const [header = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    return { sent, token, right, kid };
  }

  private user(): { username: string } {
    return this.pool.users[randomInt(this.pool.users.length)] ?? { username: 'user-0' };
  }
}
