import passport from 'passport';

/** The names of the strategies that this library has registered with Passport. */
export function registeredStrategies(): string[] {
  const { _strategies } = passport as unknown as { _strategies: object };
  return Object.keys(_strategies).filter((name) => name.startsWith('cognito-auth'));
}
