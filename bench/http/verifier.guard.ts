import { UnauthorizedException } from '@nestjs/common';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import type { Verify } from '../verifiers/verify.js';

interface HttpRequest {
  readonly headers: { readonly authorization?: string };
  user?: unknown;
}

/** The guard that people write around a verifier: takes the token, and sets the user. */
export class VerifierGuard implements CanActivate {
  constructor(private readonly verify: Verify) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<HttpRequest>();
    const [scheme, token] = request.headers.authorization?.split(' ') ?? [];
    if (scheme !== 'Bearer' || !token) throw new UnauthorizedException();
    try {
      request.user = await this.verify(token);
    } catch {
      throw new UnauthorizedException();
    }
    return true;
  }
}
