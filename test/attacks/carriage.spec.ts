import { describeAttacks } from './describe-attacks.js';
import { authorizationHeaders } from './tables/authorization-headers.js';
import { longHeaders } from './tables/long-headers.js';
import { requests } from './tables/requests.js';

describeAttacks({
  'Authorization headers': authorizationHeaders,
  'Long headers': longHeaders,
  Requests: requests,
});
