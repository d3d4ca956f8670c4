import { type FindManyOptions, type FindOptionsWhere, LessThan } from 'typeorm';

/** A page of things by their time-ordered id, newest first. */
export interface IdPage {
  limit: number;
  /** The last id of the page before. */
  before?: string;
}

/** The options of a `find` for one page. */
export function idPage<T extends { id: string }>(
  where: FindOptionsWhere<{ id: string }> & FindOptionsWhere<T>,
  { limit, before }: IdPage,
): FindManyOptions<T> {
  const range = before === undefined ? {} : { id: LessThan(before) };
  return { where: { ...where, ...range }, order: { id: 'DESC' }, take: limit } as FindManyOptions<T>;
}
