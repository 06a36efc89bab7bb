import { ConfigurableModuleBuilder } from '@nestjs/common';
import type {
  ConfigurableModuleOptionsFactory,
  DynamicModule,
  FactoryProvider,
  ModuleMetadata,
} from '@nestjs/common';
import { createHostedUiController } from './cognito-hosted-ui.controller.js';
import type { CognitoHostedUiOptions } from './cognito-hosted-ui.options.js';
import { wrongHostedUiOptions } from './cognito-hosted-ui.resolved-options.js';
import { HOSTED_UI_CONTROLLER, HOSTED_UI_NAME, HOSTED_UI_PATH } from './injection-tokens.js';

/** What is decided when the module is written down, not when its options are known. */
export interface CognitoHostedUiExtras {
  /**
   * Where the routes are, below the global prefix if there is one. `false` registers no controller,
   * for one of your own around `CognitoHostedUiService`.
   *
   * Default: `'auth'`.
   */
  path?: string | false | undefined;

  /**
   * The name of this registration, for `fromSession('staff')` and `@RedirectToLogin('staff')` where
   * an application has several.
   *
   * Default: the name of the user pool that accepts the app client.
   */
  name?: string | undefined;

  /**
   * Whether every module of the application can inject `CognitoHostedUiService`.
   *
   * Default: true.
   */
  isGlobal?: boolean | undefined;

  /**
   * The module that provides `CognitoAuthService`, where that one is not global.
   *
   * Default: none.
   */
  imports?: ModuleMetadata['imports'] | undefined;
}

const EXTRAS = {
  path: 'auth',
  name: undefined,
  isGlobal: true,
  imports: undefined,
} satisfies CognitoHostedUiExtras;

/** Creates the options of the module, for `forRootAsync({ useClass })` and `useExisting`. */
export type CognitoHostedUiOptionsFactory = ConfigurableModuleOptionsFactory<
  CognitoHostedUiOptions,
  'create'
>;

export const {
  ConfigurableModuleClass,
  MODULE_OPTIONS_TOKEN: COGNITO_HOSTED_UI_OPTIONS,
  OPTIONS_TYPE,
  ASYNC_OPTIONS_TYPE,
} = new ConfigurableModuleBuilder<CognitoHostedUiOptions>({ moduleName: 'CognitoHostedUi' })
  .setClassMethodName('forRoot')
  .setExtras<CognitoHostedUiExtras>(EXTRAS, withExtras)
  .build();

/** Stands for the options of the module where it is imported as it is; a registration replaces it. */
export const UNREGISTERED: FactoryProvider<never> = {
  provide: COGNITO_HOSTED_UI_OPTIONS,
  useFactory: () => {
    throw wrongHostedUiOptions([
      '"imports" has CognitoHostedUiModule itself, which has no options; write CognitoHostedUiModule.forRoot() or forRootAsync().',
    ]);
  },
};

function withExtras(definition: DynamicModule, extras: CognitoHostedUiExtras): DynamicModule {
  const given = extras.path ?? EXTRAS.path;
  const path = given === false ? false : withoutSlashes(given);
  const controller = path === false ? undefined : createHostedUiController(path);
  return {
    ...definition,
    global: extras.isGlobal ?? EXTRAS.isGlobal,
    imports: [...(definition.imports ?? []), ...(extras.imports ?? [])],
    controllers: controller ? [controller] : [],
    providers: [
      ...(definition.providers ?? []),
      { provide: HOSTED_UI_PATH, useValue: path },
      { provide: HOSTED_UI_NAME, useValue: extras.name },
      { provide: HOSTED_UI_CONTROLLER, useValue: controller },
    ],
  };
}

function withoutSlashes(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '')
    .join('/');
}
