"""What goes wrong in scripted_s3.py, and when.

A fault is {"op": NAME, "skip": n, "times": n, "do": WHAT, ...}: after `skip` requests of that operation ("*" for any) the
next `times` go wrong. WHAT is one of
  status   answer `status` with an error document of `code`, and `headers`
  answer   do it not, answer `status` with `body` as it stands, and `headers`
  instead  do it, but answer `status` with `body`
  lost     do it, and reset the connection instead of answering
  reset    read `after` bytes of the body, then reset the connection; do nothing
  etag     do it, but answer with `etag`; (UploadPart) `believes` makes it the part's own, too
  blanks   do it, and send blanks before the answer
  cut      answer, but reset the connection after `after` bytes of the body
  hang     read the request, and answer never
  keep     (Abort) answer 204 and keep the upload
  drop     (Complete) do it, and lose the last byte
  squatted (PutObject, Complete) somebody else takes the name just before
  replaced (PutObject, Complete) do it, and then somebody else puts as many other bytes there
"""


class Faults:
    def __init__(self, script):
        self.script = script

    def due(self, operation):
        """The fault for this request, if one is due. Every fault counts the requests that it is for."""
        for fault in self.script:
            if fault["op"] not in ("*", operation):
                continue
            if fault.get("skip", 0) > 0:
                fault["skip"] -= 1
                continue
            if fault.get("times", 1) > 0:
                fault["times"] = fault.get("times", 1) - 1
                return fault
        return None

    def unplayed(self):
        """How many faults have not been met."""
        return sum(fault.get("times", 1) for fault in self.script)
