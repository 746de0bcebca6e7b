-- At most a few rows an hour of a connection that was deleted.
DELETE FROM {table} WHERE connection_id = %(connection_id)s
