-- Commits a batch of entries in one call; see batch-call.ts for what its parameters hold.
--
-- The order of locks is always the same: this process's row of `writers`, the row of `stream`, then what the entries
-- touch, in their order. Batches that take positions therefore follow one upon the other, never wait for each other
-- while holding what the other needs, and the numbers they take have no gaps. The counter is locked first because all
-- but all rows of an entry hold its position, its guard on the room's head among them.
CREATE FUNCTION write_batch_1(
  p_writer     bigint,
  p_batch      bigint,
  p_takes      boolean,    -- some entry takes positions
  p_savepoints boolean,    -- undo entries one by one, instead of failing as a whole
  p_statements text[],
  p_program    integer[],
  p_integers   text[],
  p_texts      text[],
  p_blobs      text[]
) RETURNS text LANGUAGE plpgsql AS $magik$
DECLARE
  v_word       integer := 1;
  v_length     integer := coalesce(array_length(p_program, 1), 0);
  v_entry      integer := -1;
  v_next       integer;
  v_count      integer;
  v_positions  integer;
  v_base       bigint;
  v_integers   bigint[];
  v_texts      text[];
  v_blobs      bytea[];
  v_index      integer;
  v_at         integer;
  v_flags      integer;
  v_rows       bigint;
  v_json       text;
  v_changed    bigint;
  v_stopped    boolean;
  v_before     bigint;
  v_taken      bigint := 0;
  v_statements bigint := 0;
  v_state      text;
  v_message    text;
  v_all        bigint[] := '{}';
  v_refused    text[] := '{}';
  v_failed     text[] := '{}';
  v_returned   text[] := '{}';
  v_kept       integer;
  v_outcome    text;
BEGIN
  -- Nothing of a batch that has been given up may happen later: whoever gave it up has moved this number on.
  UPDATE writers SET batch = p_batch, outcome = NULL, seen_at = now()
    WHERE writer = p_writer AND batch = p_batch - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'MK002', MESSAGE = 'the batch has been given up';
  END IF;
  IF p_takes THEN
    SELECT position INTO STRICT v_before FROM stream WHERE id = 1 FOR NO KEY UPDATE;
  ELSE
    SELECT position INTO STRICT v_before FROM stream WHERE id = 1;
  END IF;
  WHILE v_word <= v_length LOOP
    v_entry := v_entry + 1;
    v_next := v_word + 2 + 3 * p_program[v_word];
    v_count := p_program[v_word];
    v_positions := p_program[v_word + 1];
    v_base := v_before + v_taken + 1;
    v_word := v_word + 2;
    v_changed := 0;
    v_stopped := false;
    v_index := 0;
    IF p_savepoints THEN
      v_kept := coalesce(array_length(v_returned, 1), 0);
      BEGIN
        WHILE v_index < v_count LOOP
          v_statements := v_statements + 1;
          v_flags := p_program[v_word + 1];
          v_at := p_program[v_word + 2];
          v_integers := p_integers[v_at];
          v_texts := p_texts[v_at];
          v_blobs := p_blobs[v_at];
          IF v_flags & 2 = 0 THEN
            EXECUTE p_statements[p_program[v_word]] USING v_integers, v_texts, v_blobs, v_base;
            GET DIAGNOSTICS v_rows = ROW_COUNT;
          ELSE
            EXECUTE p_statements[p_program[v_word]] INTO v_rows, v_json USING v_integers, v_texts, v_blobs, v_base;
            v_returned := v_returned || format('[%s,%s,%s]', v_entry, v_index, v_json);
          END IF;
          IF v_flags & 4 = 0 THEN v_changed := v_changed + v_rows; END IF;
          IF v_flags & 1 = 1 AND v_rows <> 1 THEN
            RAISE EXCEPTION USING ERRCODE = 'MK001', MESSAGE = 'a guard has failed';
          END IF;
          v_word := v_word + 3;
          v_index := v_index + 1;
        END LOOP;
      EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT;
        v_stopped := true;
        v_returned := v_returned[1:v_kept];
        IF v_state = 'MK001' THEN
          v_refused := v_refused || format('[%s,%s]', v_entry, v_index);
        ELSIF left(v_state, 2) IN ('0A', '21', '22', '23', '2F', '42', '44', '54', 'P0') THEN
          v_failed := v_failed || format('[%s,%s,"%s",%s]', v_entry, v_index, v_state, to_json(v_message));
        ELSE
          RAISE;
        END IF;
      END;
    ELSE
      WHILE v_index < v_count AND NOT v_stopped LOOP
        v_statements := v_statements + 1;
        v_flags := p_program[v_word + 1];
        v_at := p_program[v_word + 2];
        v_integers := p_integers[v_at];
        v_texts := p_texts[v_at];
        v_blobs := p_blobs[v_at];
        IF v_flags & 2 = 0 THEN
          EXECUTE p_statements[p_program[v_word]] USING v_integers, v_texts, v_blobs, v_base;
          GET DIAGNOSTICS v_rows = ROW_COUNT;
        ELSE
          EXECUTE p_statements[p_program[v_word]] INTO v_rows, v_json USING v_integers, v_texts, v_blobs, v_base;
        END IF;
        IF v_flags & 4 = 0 THEN v_changed := v_changed + v_rows; END IF;
        IF v_flags & 1 = 1 AND v_rows <> 1 THEN
          IF v_changed > 0 THEN
            RAISE EXCEPTION USING ERRCODE = 'MK001', MESSAGE = 'a guard has failed';
          END IF;
          v_stopped := true;
          v_refused := v_refused || format('[%s,%s]', v_entry, v_index);
        ELSIF v_flags & 2 = 2 THEN
          v_returned := v_returned || format('[%s,%s,%s]', v_entry, v_index, v_json);
        END IF;
        v_word := v_word + 3;
        v_index := v_index + 1;
      END LOOP;
    END IF;
    v_word := v_next;
    IF v_stopped THEN
      v_all := v_all || 0::bigint;
    ELSE
      v_all := v_all || v_changed;
      v_taken := v_taken + v_positions;
    END IF;
  END LOOP;
  IF v_taken > 0 THEN
    UPDATE stream SET position = v_before + v_taken WHERE id = 1;
    PERFORM pg_notify('magik_stream', (v_before + v_taken)::text);
  END IF;
  v_outcome := format('{"position":%s,"statements":%s,"rowsChanged":[%s],"refused":[%s],"failed":[%s],"returned":[%s]}',
    v_before, v_statements, array_to_string(v_all, ','), array_to_string(v_refused, ','),
    array_to_string(v_failed, ','), array_to_string(v_returned, ','));
  UPDATE writers SET outcome = v_outcome WHERE writer = p_writer;
  RETURN v_outcome;
END
$magik$;
