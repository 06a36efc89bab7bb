import { randomUUID } from 'node:crypto';
import { Controller, Delete, Get, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Permissions, Principal, Scopes } from 'nestjs-cognito-auth';
import type { CognitoPrincipal } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Scopes and permissions')
@Controller('orders')
export class OrdersController {
  @Get()
  @Scopes('orders/read')
  @ApiOperation({ summary: 'For users and machines whose token may read orders' })
  @Answers([{ id: 1, item: 'teapot' }])
  list() {
    return [
      { id: 1, item: 'teapot' },
      { id: 2, item: 'cup' },
    ];
  }

  @Post()
  @Scopes('orders/write')
  @ApiOperation({ summary: 'For users and machines whose token may place orders' })
  @Answers({ id: '0f8fad5b-d9cb-469f-a165-70867728950e', placedBy: 'alice' }, 201)
  place(@Principal() principal: CognitoPrincipal) {
    const placedBy = principal.kind === 'user' ? principal.username : principal.clientId;
    return { id: randomUUID(), placedBy };
  }

  @Delete(':id')
  @Permissions('orders:delete')
  @ApiOperation({ summary: 'For users to whom the database gives a permission' })
  @Answers({ id: '1', deletedBy: 'alice' })
  remove(@Param('id') id: string, @CurrentUser('username') deletedBy: string) {
    return { id, deletedBy };
  }
}
