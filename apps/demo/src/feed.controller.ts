import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, OptionalAuth } from 'nestjs-cognito-auth';
import { Answers } from './answers.decorator.js';

@ApiTags('Feed')
@Controller('feed')
export class FeedController {
  @Get()
  @OptionalAuth()
  @ApiOperation({ summary: 'For everybody, and a little different for those who sign in' })
  @Answers({ greeting: 'Hello, stranger' })
  feed(@CurrentUser('username') username?: string) {
    return { greeting: `Hello, ${username ?? 'stranger'}` };
  }
}
