import { describeAttacks } from './describe-attacks.js';
import { genuine } from './tables/genuine.js';
import { groupsAndScopes } from './tables/groups-and-scopes.js';
import { issuers } from './tables/issuers.js';
import { kindsOfToken } from './tables/kinds-of-token.js';

describeAttacks({
  Issuers: issuers,
  'Kinds of token': kindsOfToken,
  'Groups and scopes': groupsAndScopes,
  'Genuine tokens': genuine,
});
