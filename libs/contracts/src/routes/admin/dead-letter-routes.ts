import {
  DeadLetterPageDto,
  DiscardResultDto,
  ListDeadLettersQueryDto,
  ReplayResultDto,
  SelectDeadLettersDto,
} from '../../dto/admin/dead-letters';
import { TenantQueryDto } from '../../dto/admin/tenant-query';
import { type RouteContract } from '../../route';
import { TENANT_HEADER } from './tenant-header';

const MODES =
  'A live key is for those of notifications that live keys posted, a test key for those of test keys; the operator';

export const DEAD_LETTER_ROUTES = [
  {
    operationId: 'listDeadLetters',
    method: 'get',
    path: '/v1/dead-letters',
    tag: 'Dead letters',
    summary: 'List dead letters, newest notifications first',
    description: `${MODES} lists both.`,
    access: 'admin',
    headers: [TENANT_HEADER],
    query: ListDeadLettersQueryDto,
    responses: { 200: { description: 'A page.', schema: DeadLetterPageDto } },
  },
  {
    operationId: 'replayDeadLetters',
    method: 'post',
    path: '/v1/dead-letters/replay',
    tag: 'Dead letters',
    summary: 'Put dead letters back in the queue',
    description:
      'Each starts over with all the attempts of the retry policy. Repeating the call after an error is safe. ' +
      `${MODES} replays both.`,
    access: 'admin',
    headers: [TENANT_HEADER],
    query: TenantQueryDto,
    body: SelectDeadLettersDto,
    responses: { 200: { description: 'How many were put back.', schema: ReplayResultDto } },
  },
  {
    operationId: 'discardDeadLetters',
    method: 'post',
    path: '/v1/dead-letters/discard',
    tag: 'Dead letters',
    summary: 'Give up on dead letters',
    description: `Their deliveries end as \`failed\` with the reason \`discarded\`. ${MODES} discards both.`,
    access: 'admin',
    headers: [TENANT_HEADER],
    query: TenantQueryDto,
    body: SelectDeadLettersDto,
    responses: { 200: { description: 'How many were discarded.', schema: DiscardResultDto } },
  },
] as const satisfies readonly RouteContract[];
