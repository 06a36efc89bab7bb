import { describeAttacks } from './describe-attacks.js';
import { duplicateMembers } from './tables/duplicate-members.js';
import { encoding } from './tables/encoding.js';
import { headerMembers } from './tables/header-members.js';
import { jsonTexts } from './tables/json-texts.js';
import { prototypes } from './tables/prototypes.js';

describeAttacks({
  Encoding: encoding,
  'The texts of header and payload': jsonTexts,
  'Members of the header': headerMembers,
  'Members that stand there twice': duplicateMembers,
  Prototypes: prototypes,
});
