/** Planted where it must never come back from. */
export const MARKER = 'pLaNtEd-4f1c9e';

export const USER_POOL_ID = 'eu-west-1_Attacked1';

/** The two issuers of the user pool. */
export const ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${USER_POOL_ID}`;
export const UPDATED_ISSUER = `https://issuer-cognito-idp.eu-west-1.amazonaws.com/${USER_POOL_ID}`;

/** Another user pool of the same Region, which is not configured. */
export const OTHER_USER_POOL_ID = 'eu-west-1_Another01';
export const OTHER_ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${OTHER_USER_POOL_ID}`;

/** App clients whose tokens are accepted: one for people, one for machines. */
export const WEB = '1web0client00000attackable';
export const BATCH = '2batch0client000attackable';

/** An app client of the same user pool whose tokens are not accepted. */
export const STRANGER = '3stranger0client0forbidden';

/** The resource that some access tokens are bound to. */
export const RESOURCE = 'https://api.example.com/orders';
