import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { ConfigurableModuleOptionsFactory, DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { CognitoGuard } from './access/cognito.guard.js';
import type { CognitoAuthOptions } from './cognito-auth.options.js';

/** What is decided when the module is written down, not when its options are known. */
export interface CognitoAuthExtras {
  /**
   * Whether every module of the application can use the guard without importing this one.
   *
   * Default: true.
   */
  isGlobal?: boolean;

  /**
   * Whether every route is protected unless it says `@Public()` or `@OptionalAuth()`.
   *
   * Default: false.
   */
  protectAll?: boolean;
}

/** Creates the options of the module, for `forRootAsync({ useClass })` and `useExisting`. */
export type CognitoAuthOptionsFactory = ConfigurableModuleOptionsFactory<
  CognitoAuthOptions,
  'create'
>;

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: COGNITO_AUTH_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CognitoAuthOptions>({ moduleName: 'CognitoAuth' })
  .setClassMethodName('forRoot')
  .setExtras<CognitoAuthExtras>({ isGlobal: true, protectAll: false }, withExtras)
  .build();

function withExtras(definition: DynamicModule, extras: CognitoAuthExtras): DynamicModule {
  const providers = [...(definition.providers ?? [])];
  if (extras.protectAll) providers.push({ provide: APP_GUARD, useExisting: CognitoGuard });
  return { ...definition, global: extras.isGlobal, providers };
}
