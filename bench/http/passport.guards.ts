import { Injectable } from '@nestjs/common';
import type { Type } from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import { Strategy as PassportBase } from 'passport';
import { Strategy } from 'passport-jwt';
import type { PoolSetup } from '../tokens/cognito.js';
import { textbookOptions } from '../verifiers/textbook.js';

/** The guards of the textbook: `@UseGuards(AuthGuard('jwt'))`. */
export const JwtGuard = AuthGuard('jwt');
export const SuccessGuard = AuthGuard('success');

/** The strategy of the documentation of Nest, with the keys of that of jwks-rsa. */
export function textbookStrategy(setup: PoolSetup): Type {
  @Injectable()
  class JwtStrategy extends PassportStrategy(Strategy) {
    constructor() {
      super(textbookOptions(setup));
    }

    validate(payload: { sub: string; username: string }) {
      return { userId: payload.sub, username: payload.username };
    }
  }
  return JwtStrategy;
}

class SuccessBase extends PassportBase {
  override readonly name = 'success';

  override authenticate(): void {
    this.success({});
  }
}

/** A strategy that lets everybody in: what Passport itself costs. */
@Injectable()
export class SuccessStrategy extends PassportStrategy(SuccessBase, 'success') {
  validate(): object {
    return {};
  }
}
