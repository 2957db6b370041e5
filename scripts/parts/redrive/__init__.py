"""scripts/redrive: brings back what lies in the queues of a pipeline's failures, and replays what is finished."""
