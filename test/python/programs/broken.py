
def add(:
