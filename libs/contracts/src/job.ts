import { type Channel, type Lane } from './channels';

/**
 * A job in Redis is a ticket: leave to work on about `MAX_IDS_PER_JOB` deliveries of its lane, whichever are next. Which
 * ids those are stands in the lists of the lane's tenants, so that the order in which tenants are served is decided when
 * work is taken and not when it is put in.
 */
export interface TicketJob {
  v: 2;
}

/** A job of releases before 0.2, which held its ids itself; what is left of them is still worked on. */
export interface PackedJob {
  v: 1;
  ids: string[];
}

export type DeliveryJob = TicketJob | PackedJob;

/** How many delivery ids a ticket stands for: the queue's cost is per job, so a job serves a batch. */
export const MAX_IDS_PER_JOB = 50;

/** The queue of a channel's lane, e.g. `email-critical`. */
export function laneQueueName(channel: Channel, lane: Lane): `${Channel}-${Lane}` {
  return `${channel}-${lane}`;
}

/** The queue that shows a channel's dead letters in queue tools, e.g. `email-dead`. Nothing consumes it. */
export function deadQueueName(channel: Channel): `${Channel}-dead` {
  return `${channel}-dead`;
}

/** Job names, shown in queue tools and traces. */
export const DELIVER_JOB = 'deliver';
export const DEAD_JOB = 'dead-letter';
