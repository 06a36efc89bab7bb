import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, Groups } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Groups')
@Controller()
export class StaffController {
  @Get('admin')
  @Groups('admin')
  @ApiOperation({ summary: 'For members of one group' })
  @Answers({ message: 'alice is an admin' })
  admin(@CurrentUser('username') username: string) {
    return { message: `${username} is an admin` };
  }

  @Get('reports')
  @Groups('admin', 'analyst')
  @ApiOperation({ summary: 'For members of at least one of two groups' })
  @Answers([{ title: 'Orders of last month', total: 1_042 }])
  reports() {
    return [{ title: 'Orders of last month', total: 1_042 }];
  }

  @Get('vault')
  @Groups({ all: ['admin', 'auditor'] })
  @ApiOperation({ summary: 'For members of both groups' })
  @Answers({ combination: [4, 8, 15] })
  vault() {
    return { combination: [4, 8, 15] };
  }
}
