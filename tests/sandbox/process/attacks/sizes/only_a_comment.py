# contract: smtt
# expect: rejected
# Is empty but for this comment.
