import { Inject, Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CognitoAuthOptionsError } from '../cognito-auth.errors.js';
import { problemsOfExtractors } from '../transport/scoped-extractor.js';
import { AccessControl } from './access-control.js';

/** Stops the boot when an extractor of `tokenFrom` can never find a token in this application. */
@Injectable()
export class ExtractorChecks implements OnModuleInit {
  constructor(@Inject(AccessControl) private readonly access: AccessControl) {}

  /**
   * Runs once all modules are there.
   *
   * @throws CognitoAuthOptionsError
   */
  onModuleInit(): void {
    const { signInPages, verifier } = this.access;
    const problems = problemsOfExtractors(verifier.options.tokenFrom, signInPages);
    if (problems.length > 0) throw new CognitoAuthOptionsError(problems);
  }
}
