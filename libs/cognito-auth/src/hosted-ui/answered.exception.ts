import { HttpException } from '@nestjs/common';

/**
 * Keeps Nest from calling the handler of a request that a guard has answered. Whether headers are
 * sent does not tell: hooks of Fastify may hold an answer back.
 */
export class AnsweredException extends HttpException {
  constructor() {
    super('This request is answered already', 200);
  }
}
