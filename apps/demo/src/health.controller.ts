import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Public } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Health')
@Controller('health')
export class HealthController {
  @Get()
  @Public()
  @ApiOperation({ summary: 'Whether the API is up' })
  @Answers({ status: 'ok' })
  health() {
    return { status: 'ok' };
  }
}
