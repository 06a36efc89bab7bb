import { describe, expect, it } from 'vitest';
import { awsIssuersOf, isRegion, regionOf } from './issuers.js';

describe('regionOf()', () => {
  it.each([
    ['eu-west-1_AbCdEf123', 'eu-west-1'],
    ['ap-southeast-5_a', 'ap-southeast-5'],
    ['us-gov-west-1_AbCdEf123', 'us-gov-west-1'],
    ['us-iso-east-1_AbCdEf123', 'us-iso-east-1'],
    ['eusc-de-east-1_AbCdEf123', 'eusc-de-east-1'],
    ['mx-central-1_0', 'mx-central-1'],
    ['us-west-12_x', 'us-west-12'],
  ])('reads %s as a user pool in %s', (userPoolId, region) => {
    expect(regionOf(userPoolId)).toBe(region);
  });

  it.each([
    'local_AbCd1234',
    'eu-west-1',
    'eu-west-1_',
    'EU-WEST-1_AbCdEf123',
    'eu-west_AbCdEf123',
    'eu-west-1_Ab_Cd',
    'eu-west-1_Ab/../Cd',
    'evil.example/eu-west-1_Ab',
    ' eu-west-1_Ab',
    'eu-west-1_Ab\n',
    '',
  ])('reads no Region from %j', (userPoolId) => {
    expect(regionOf(userPoolId)).toBeUndefined();
  });
});

describe('isRegion()', () => {
  it.each(['eu-west-1', 'us-gov-east-1', 'eusc-de-east-1'])('knows %s', (region) => {
    expect(isRegion(region)).toBe(true);
  });

  it.each(['eu-west', 'eu-west-1_x', 'eu-west-1.evil.example', 'EU-WEST-1', 'eu--1', ''])(
    'does not take %j for one',
    (text) => {
      expect(isRegion(text)).toBe(false);
    },
  );
});

describe('awsIssuersOf()', () => {
  it('gives the original and the updated issuer', () => {
    expect(awsIssuersOf('us-gov-west-1_AbCdEf123', 'us-gov-west-1')).toEqual([
      'https://cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbCdEf123',
      'https://issuer-cognito-idp.us-gov-west-1.amazonaws.com/us-gov-west-1_AbCdEf123',
    ]);
  });

  it('gives a replica the original issuer with its own Region', () => {
    expect(awsIssuersOf('us-east-1_abc', 'us-east-1', ['us-west-2'])).toEqual([
      'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_abc',
      'https://issuer-cognito-idp.us-east-1.amazonaws.com/us-east-1_abc',
      'https://cognito-idp.us-west-2.amazonaws.com/us-east-1_abc',
    ]);
  });
});
