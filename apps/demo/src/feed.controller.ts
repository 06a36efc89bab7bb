import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { CurrentUser, OptionalAuth } from 'nestjs-cognito-auth';

@ApiTags('Feed')
@Controller('feed')
export class FeedController {
  @Get()
  @OptionalAuth()
  @ApiOperation({ summary: 'For everybody, and a little different for those who sign in' })
  feed(@CurrentUser('username') username?: string) {
    return { greeting: `Hello, ${username ?? 'stranger'}` };
  }
}
