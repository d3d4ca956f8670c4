import { CreateRecipientTokenDto, RecipientTokenDto } from '../../dto/admin/recipient-tokens';
import { type RouteContract } from '../../route';

export const RECIPIENT_TOKEN_ROUTES = [
  {
    operationId: 'createRecipientToken',
    method: 'post',
    path: '/v1/recipient-tokens',
    tag: 'Feed',
    summary: "Make a token for a recipient's app or browser",
    description:
      "It opens this recipient's in-app feed and nothing else, until it ends; it cannot be taken back. Test keys make none: " +
      'what they post is in no feed.',
    access: 'feeds:token',
    body: CreateRecipientTokenDto,
    responses: { 201: { description: 'The token.', schema: RecipientTokenDto } },
  },
] as const satisfies readonly RouteContract[];
