/** Where the controller is, without slashes at its ends; `false` when there is none. */
export const HOSTED_UI_PATH = 'COGNITO_HOSTED_UI_PATH';

/** The name that was given to the registration; `undefined` without one. */
export const HOSTED_UI_NAME = 'COGNITO_HOSTED_UI_NAME';

/** The controller of the registration; `undefined` when there is none. */
export const HOSTED_UI_CONTROLLER = 'COGNITO_HOSTED_UI_CONTROLLER';

/** The options, checked and completed. */
export const RESOLVED_OPTIONS = 'COGNITO_HOSTED_UI_RESOLVED_OPTIONS';

/** Where sessions are kept: `Sessions`. */
export const SESSIONS = 'COGNITO_HOSTED_UI_SESSIONS';

/** The store behind it, or `undefined`. */
export const SESSION_STORE = 'COGNITO_HOSTED_UI_SESSION_STORE';
