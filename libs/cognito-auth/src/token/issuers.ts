const REGION = /^([a-z]{2,}(?:-[a-z]+)+-\d+)$/;
const REGION_OF_POOL = /^([a-z]{2,}(?:-[a-z]+)+-\d+)_[0-9A-Za-z]+$/;

/** Whether a text looks like the name of an AWS Region, for example eu-west-1 or us-gov-east-1. */
export function isRegion(text: string): boolean {
  return REGION.test(text);
}

/** The Region that a user pool id starts with, or `undefined` when it starts with none. */
export function regionOf(userPoolId: string): string | undefined {
  return REGION_OF_POOL.exec(userPoolId)?.[1];
}

/**
 * The issuers that AWS gives the tokens of a user pool.
 *
 * A pool signs with its original issuer or with the updated one, as configured; a replica in
 * another Region signs with its own Region in the original form.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html#user-pool-oidc-issuer
 * https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html
 */
export function awsIssuersOf(
  userPoolId: string,
  region: string,
  replicaRegions: readonly string[] = [],
): string[] {
  return [
    `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    `https://issuer-cognito-idp.${region}.amazonaws.com/${userPoolId}`,
    ...replicaRegions.map(
      (replica) => `https://cognito-idp.${replica}.amazonaws.com/${userPoolId}`,
    ),
  ];
}
