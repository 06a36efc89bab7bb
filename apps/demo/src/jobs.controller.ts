import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ClientsOnly, Principal } from 'nestjs-cognito-auth';
import type { CognitoClient } from 'nestjs-cognito-auth';

@ApiTags('Machines')
@Controller('jobs')
export class JobsController {
  @Get()
  @ClientsOnly()
  @ApiOperation({ summary: 'For machines: tokens of the client credentials grant' })
  jobs(@Principal() client: CognitoClient) {
    return { worker: client.clientId, jobs: ['send invoices'] };
  }
}
