import { ApiResponse } from '@nestjs/swagger';

/** Shows on the Swagger page what an operation answers. */
export function Answers(example: unknown, status = 200): MethodDecorator {
  return ApiResponse({ status, description: 'For example', schema: { example } });
}
