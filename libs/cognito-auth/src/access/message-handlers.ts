import type { FactoryProvider } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { watchRpcServers } from '../transport/rpc-servers.js';
import { handlersOf } from './handlers.js';

/** The key of `@MessagePattern()` and `@EventPattern()`, which only a microservice has to load. */
const PATTERN = 'microservices:pattern';

/** Watches the servers of an application that handles messages, before any of them listens. */
export const MESSAGE_HANDLERS: FactoryProvider = {
  provide: Symbol('cognito-auth:message-handlers'),
  inject: [ModulesContainer],
  useFactory: async (modules: ModulesContainer) => {
    const handlers = handlersOf(modules, ['controllers']);
    const isMessageHandler = handlers.some(({ handler }) => Reflect.hasMetadata(PATTERN, handler));
    if (isMessageHandler) await watchRpcServers();
  },
};
