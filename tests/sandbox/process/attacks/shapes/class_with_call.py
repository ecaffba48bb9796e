# contract: smtt
# expect: rejected
# Is a class.
class priority:
    def __call__(self, *args):
        return 0.0
