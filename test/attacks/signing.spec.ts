import { describeAttacks } from './describe-attacks.js';
import { algorithms } from './tables/algorithms.js';
import { keyIds } from './tables/key-ids.js';
import { keyReferences } from './tables/key-references.js';
import { signatures } from './tables/signatures.js';

describeAttacks({
  'Algorithm confusion': algorithms,
  'Key ids': keyIds,
  'Keys and addresses of keys in a token': keyReferences,
  Signatures: signatures,
});
