import { json, Router } from 'express';
import { invalid, problem, sendProblem } from '../http/problem';
import { MAX_BODY_BYTES } from '../http/read-body';
import type { Behaviours } from './behaviours';
import { parseBehaviour } from './parse-behaviour';

/**
 * `POST /behaviours` makes the sandbox misbehave, `GET` lists the rules in force (newest first), `DELETE` ends one
 * or all. Only JSON is taken: a page of another origin then cannot post here without asking first.
 */
export function behavioursApi(behaviours: Behaviours): Router {
  const router = Router();
  router.post('/behaviours', json({ limit: MAX_BODY_BYTES }), (req, res) => {
    if (!req.is('application/json')) {
      const detail = 'Send the rule as JSON, with Content-Type: application/json.';
      return sendProblem(res, problem('unsupported-media-type', detail));
    }
    const parsed = parseBehaviour(req.body);
    if (!parsed.ok) return sendProblem(res, invalid(parsed.errors));
    res.status(201).json(behaviours.add(parsed.rule));
  });
  router.get('/behaviours', (_req, res) => {
    res.json({ items: behaviours.list() });
  });
  router.delete('/behaviours', (_req, res) => {
    behaviours.clear();
    res.status(204).end();
  });
  router.delete('/behaviours/:id', (req, res) => {
    if (!behaviours.remove(req.params.id))
      return sendProblem(res, problem('not-found', 'There is no behaviour of that id.'));
    res.status(204).end();
  });
  return router;
}
