import type { INestApplication, ModuleMetadata, WebSocketAdapter } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { WsAdapter } from '@nestjs/platform-ws';
import { withCognitoAuth } from 'nestjs-cognito-auth/websockets';
import type { CognitoWsOptions } from 'nestjs-cognito-auth/websockets';
import type { Adapter } from '../support/app.js';
import { createApp } from '../support/app.js';
import type { Platform } from './client.js';

export function socketAdapter(platform: Platform, app: INestApplication): WebSocketAdapter {
  return platform === 'ws' ? new WsAdapter(app) : new IoAdapter(app);
}

/** Starts an application whose sockets are authenticated when they connect. Close it. */
export function createSocketApp(
  platform: Platform,
  metadata: ModuleMetadata,
  options: CognitoWsOptions = {},
  http: Adapter = 'express',
): Promise<INestApplication> {
  return createApp(http, metadata, {
    configure: (app) =>
      app.useWebSocketAdapter(withCognitoAuth(app, socketAdapter(platform, app), options)),
  });
}
