import {
  MessageBody,
  SubscribeMessage,
  WebSocketGateway,
  WebSocketServer,
} from '@nestjs/websockets';
import type { OnGatewayConnection, OnGatewayDisconnect } from '@nestjs/websockets';
import { Authenticated, CurrentUser, Groups, Public } from 'nestjs-cognito-auth';
import { principalOf } from 'nestjs-cognito-auth/websockets';

/** What this gateway uses of the server of either package. */
interface ChatServer {
  emit(event: string, data: object): unknown;
  /** The sockets of ws. */
  readonly clients?: Iterable<{ send(text: string, sent?: () => void): void }>;
}

/** A chat, the same over socket.io and ws. Its `main.ts` has `withCognitoAuth()`. */
@WebSocketGateway()
@Authenticated()
export class ChatGateway implements OnGatewayConnection, OnGatewayDisconnect {
  @WebSocketServer()
  readonly server: ChatServer;

  readonly entered: (string | undefined)[] = [];
  left = 0;

  /** Called for sockets with a good token only. */
  handleConnection(socket: object): void {
    const principal = principalOf(socket);
    this.entered.push(principal?.kind === 'user' ? principal.username : undefined);
  }

  handleDisconnect(): void {
    this.left += 1;
  }

  @SubscribeMessage('say')
  say(@MessageBody() text: unknown, @CurrentUser('username') by: string) {
    return { event: 'said', data: { by, text } };
  }

  @SubscribeMessage('mute')
  @Groups('moderator')
  mute(@MessageBody('username') username: string, @CurrentUser('username') by: string) {
    return { event: 'muted', data: { by, username } };
  }

  @SubscribeMessage('time')
  @Public()
  time() {
    return { event: 'time', data: { hour: 12 } };
  }
}
