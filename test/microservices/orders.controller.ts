import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import {
  ClientsOnly,
  CurrentUser,
  Groups,
  OptionalAuth,
  Public,
  Scopes,
} from 'nestjs-cognito-auth';

/** What a client sends: its token beside what the message is about. */
interface OrderMessage {
  readonly token: string;
  readonly item: string;
}

/**
 * The handlers of a microservice, with the decorators that routes have. Its module finds the token
 * in the message:
 *
 * `CognitoAuthModule.forRoot({ …, protectAll: true, tokenFrom: fromRpcMetadata('token') })`
 *
 * and a client sends it there: `client.send('orders.create', { token, item: 'teapot' })`.
 */
@Controller()
export class OrdersController {
  readonly shipped: string[] = [];

  @MessagePattern('orders.list')
  list(@CurrentUser('username') username: string) {
    return { username, orders: ['teapot'] };
  }

  @MessagePattern('orders.create')
  @Scopes('orders/write')
  create(@Payload() { item }: OrderMessage, @CurrentUser('username') username: string) {
    return { item, for: username };
  }

  @MessagePattern('orders.remove')
  @Groups('admin')
  remove(@Payload('item') item: string) {
    return { removed: item };
  }

  @MessagePattern('orders.import')
  @ClientsOnly()
  import(@CurrentUser('clientId') clientId: string) {
    return { by: clientId };
  }

  @MessagePattern('orders.offers')
  @OptionalAuth()
  offers(@CurrentUser('username') username?: string) {
    return { for: username ?? 'everybody' };
  }

  @MessagePattern('orders.status')
  @Public()
  status() {
    return { shipped: this.shipped };
  }

  @EventPattern('orders.shipped')
  @Groups('admin')
  ship(@Payload() { item }: OrderMessage) {
    this.shipped.push(item);
  }
}
