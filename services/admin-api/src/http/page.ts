import { FORMATS, type PageQueryDto } from '@herald/contracts';
import { ProblemError } from '@herald/platform';

/** How a place in a list is written into a cursor and read back; `read` gives undefined for what it did not write. */
export interface CursorFormat<Row, Position> {
  write(row: Row): string;
  read(text: string): Position | undefined;
}

/** For lists in the order of their ids. */
export const ID_CURSOR: CursorFormat<{ id: string }, string> = {
  write: ({ id }) => id,
  read: (text) => (FORMATS.uuid.check(text) ? text : undefined),
};

const DEFAULT_LIMIT = 50;

export interface PageSource<Row, Position, View> {
  cursor: CursorFormat<Row, Position>;
  find(page: { limit: number; before?: Position }): Promise<Row[]>;
  view(row: Row): View;
}

/**
 * One page of a list. One row more than asked for is looked up, to know whether there is a next page.
 * @throws ProblemError 422 for a cursor that is not of this list
 */
export async function pageOf<Row, Position, View>(
  { limit = DEFAULT_LIMIT, cursor }: PageQueryDto,
  source: PageSource<Row, Position, View>,
): Promise<{ items: View[]; nextCursor?: string }> {
  const before = cursor === undefined ? undefined : readCursor(cursor, source.cursor);
  const rows = await source.find({ limit: limit + 1, before });
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: shown.map((row) => source.view(row)),
    ...(more && { nextCursor: Buffer.from(source.cursor.write(last)).toString('base64url') }),
  };
}

function readCursor<Position>(cursor: string, format: CursorFormat<never, Position>): Position {
  const position = format.read(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (position !== undefined) return position;
  throw new ProblemError('validation', undefined, {
    errors: [{ pointer: '/query/cursor', detail: 'must be a nextCursor of this list' }],
  });
}
