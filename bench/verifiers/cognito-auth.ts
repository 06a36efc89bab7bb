import { NestFactory } from '@nestjs/core';
import { CognitoAuthModule, CognitoAuthService } from 'nestjs-cognito-auth';
import type { CognitoAuthOptions } from 'nestjs-cognito-auth';
import type { PoolSetup } from '../tokens/cognito.js';
import type { Verify } from './verify.js';

/** The options of an API in production, but for the place of the keys. */
export function cognitoAuthOptions(setup: PoolSetup): CognitoAuthOptions {
  const { userPoolId, clientId, jwksUri, jwks } = setup;
  return { userPoolId, clientId, ...(jwksUri ? { jwksUri } : { jwks }) };
}

/** `CognitoAuthService.verify()`. */
export async function cognitoAuthVerifier(
  setup: PoolSetup,
  options: CognitoAuthOptions = {},
): Promise<Verify> {
  const module = CognitoAuthModule.forRoot({ ...cognitoAuthOptions(setup), ...options });
  const app = await NestFactory.createApplicationContext(module, { logger: ['error', 'warn'] });
  const service = app.get(CognitoAuthService);
  await service.ready();
  return (token) => service.verify(token);
}
