import { algorithms } from './algorithms.js';
import { authorizationHeaders } from './authorization-headers.js';
import { duplicateMembers } from './duplicate-members.js';
import { encoding } from './encoding.js';
import { genuine } from './genuine.js';
import { groupsAndScopes } from './groups-and-scopes.js';
import { headerMembers } from './header-members.js';
import { issuers } from './issuers.js';
import { jsonTexts } from './json-texts.js';
import { keyIds } from './key-ids.js';
import { keyReferences } from './key-references.js';
import { kindsOfToken } from './kinds-of-token.js';
import { longHeaders } from './long-headers.js';
import { prototypes } from './prototypes.js';
import { requests } from './requests.js';
import { signatures } from './signatures.js';
import { times, timesBetweenSeconds } from './times.js';

/** How tokens come: what a framework may do in a way of its own. */
export const carriage = [...authorizationHeaders, ...longHeaders, ...requests];

/** What is in a token, by subject. */
export const tokens = [
  algorithms,
  duplicateMembers,
  encoding,
  genuine,
  groupsAndScopes,
  headerMembers,
  issuers,
  jsonTexts,
  keyIds,
  keyReferences,
  kindsOfToken,
  prototypes,
  signatures,
  times,
  timesBetweenSeconds,
];
