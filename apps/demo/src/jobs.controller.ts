import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ClientsOnly, Principal } from 'nestjs-cognito-auth';
import type { CognitoClient } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Machines')
@Controller('jobs')
export class JobsController {
  @Get()
  @ClientsOnly()
  @ApiOperation({ summary: 'For machines: tokens of the client credentials grant' })
  @Answers({ worker: 'demo_machine', jobs: ['send invoices'] })
  jobs(@Principal() client: CognitoClient) {
    return { worker: client.clientId, jobs: ['send invoices'] };
  }
}
